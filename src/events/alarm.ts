/** Lets a loop sleep until it is woken, or until a time has passed. To be woken while it does not sleep keeps it from sleeping next. */
export class Alarm {
  private isDue = false;
  private ring: () => void = () => undefined;

  readonly wake = (): void => {
    this.isDue = true;
    this.ring();
  };

  /** @param forMs the longest sleep, in milliseconds */
  async sleep(forMs: number): Promise<void> {
    if (!this.isDue) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isDue = false;
  }
}
