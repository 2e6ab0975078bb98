import Button from '@cloudscape-design/components/button';
import { keepAccount, PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';

/** Leads to the form for a new request. */
export function RequestButton() {
  const { query, go } = useNavigation();
  const to = keepAccount(query);
  return (
    <Button
      variant="primary"
      onClick={() => {
        go(PATHS.request, to);
      }}
    >
      Request to connect
    </Button>
  );
}
