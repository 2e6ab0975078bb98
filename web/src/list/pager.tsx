import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';

export interface PagerProps {
  /** Undefined when the page was opened by its address, which does not say how many pages lie before it. */
  readonly page: number | undefined;
  readonly onFirst: (() => void) | undefined;
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
}

/** Goes from page to page. There are no page numbers to choose from: pages follow each other by cursors. */
export function Pager({ page, onFirst, onPrevious, onNext }: PagerProps) {
  const button = (
    label: string,
    iconName: 'angle-left-double' | 'angle-left' | 'angle-right',
    go?: () => void,
  ) => (
    <Button
      variant="icon"
      iconName={iconName}
      ariaLabel={label}
      disabled={go === undefined}
      onClick={() => go?.()}
    />
  );
  return (
    <div role="group" aria-label="Pages" className="pager">
      <SpaceBetween direction="horizontal" size="xxs" alignItems="center">
        {button('First page', 'angle-left-double', onFirst)}
        {button('Previous page', 'angle-left', onPrevious)}
        <Box variant="span" color="text-body-secondary">
          {page === undefined ? 'Page' : `Page ${String(page)}`}
        </Box>
        {button('Next page', 'angle-right', onNext)}
      </SpaceBetween>
    </div>
  );
}
