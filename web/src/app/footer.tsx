import Link from '@cloudscape-design/components/link';
import { href } from '../addresses/addresses';

/** Below every view: the licences of what the console is built of. */
export function Footer() {
  return (
    <footer className="footer">
      <Link href={href('/licenses.md')} fontSize="body-s" target="_blank" rel="noreferrer">
        Licences
      </Link>
    </footer>
  );
}
