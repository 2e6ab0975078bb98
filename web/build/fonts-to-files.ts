import type { Plugin } from 'vite';

/**
 * Writes the fonts that Cloudscape's style sheet carries as data: URLs to files. The console's policy loads fonts
 * from its own origin alone, and a browser then loads only the weights that it shows.
 */
export function fontsToFiles(): Plugin {
  return {
    name: 'fonts-to-files',
    enforce: 'pre',
    transform: {
      filter: { id: /global-styles\/index\.css$/ },
      handler(css) {
        let count = 0;
        const code = css.replace(
          /url\(["']?data:font\/woff2;base64,([A-Za-z0-9+/=]+)["']?\)/g,
          (_match, base64: string) => {
            count += 1;
            const source = Buffer.from(base64, 'base64');
            const file = this.emitFile({ type: 'asset', name: `open-sans-${String(count)}.woff2`, source });
            return `url(__VITE_ASSET__${file}__)`;
          },
        );
        if (count === 0) this.error('Cloudscape has no fonts as data: URLs any more. Remove this plugin.');
        return { code, map: null };
      },
    },
  };
}
