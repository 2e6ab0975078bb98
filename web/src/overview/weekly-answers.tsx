import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import type { OverviewQuery } from '../../../generated/console/graphql';
import { dayOf } from '../text/time';

type Week = NonNullable<OverviewQuery['environmentAccountConnectionOverview']>['weeks'][number];

const WIDTH = 480;
const HEIGHT = 140;
/** Below the bars, for the dates. */
const FOOT = 20;

/** Answers per week as bars, and the same figures in a table for screen readers. */
export function WeeklyAnswers({ weeks }: { readonly weeks: readonly Week[] }) {
  const most = Math.max(1, ...weeks.map(({ accepted, rejected }) => accepted + rejected));
  return (
    <Container fitHeight header={<Header variant="h2">Answers per week</Header>}>
      <p className="legend" aria-hidden="true">
        <span className="swatch accepted" /> Accepted <span className="swatch rejected" /> Rejected
        <span className="most">{`up to ${String(most)} a week`}</span>
      </p>
      <svg
        className="chart"
        role="img"
        aria-label={`Answers per week, the last ${String(weeks.length)} weeks. The table that follows has the figures.`}
        viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT + FOOT)}`}
      >
        {weeks.map((week, index) => (
          <Bar key={week.startsAt} week={week} index={index} count={weeks.length} most={most} />
        ))}
        <line className="axis" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      </svg>
      <table className="for-screen-readers">
        <caption>Answers per week</caption>
        <thead>
          <tr>
            <th scope="col">Week of</th>
            <th scope="col">Requested</th>
            <th scope="col">Accepted</th>
            <th scope="col">Rejected</th>
          </tr>
        </thead>
        <tbody>
          {weeks.map(({ startsAt, requested, accepted, rejected }) => (
            <tr key={startsAt}>
              <th scope="row">{dayOf(startsAt)}</th>
              <td>{requested}</td>
              <td>{accepted}</td>
              <td>{rejected}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Container>
  );
}

interface BarProps {
  readonly week: Week;
  readonly index: number;
  readonly count: number;
  readonly most: number;
}

function Bar({ week: { startsAt, accepted, rejected }, index, count, most }: BarProps) {
  const step = WIDTH / count;
  const width = step * 0.6;
  const x = index * step + (step - width) / 2;
  const heightOf = (answers: number): number => (answers / most) * (HEIGHT - 10);
  const low = heightOf(accepted);
  const high = heightOf(rejected);
  // A label for every third week, so that they do not touch.
  const isLabelled = (count - 1 - index) % 3 === 0;
  return (
    <g>
      <title>{`Week of ${dayOf(startsAt)}: ${String(accepted)} accepted, ${String(rejected)} rejected`}</title>
      <rect className="accepted" x={x} y={HEIGHT - low} width={width} height={low} />
      <rect className="rejected" x={x} y={HEIGHT - low - high} width={width} height={high} />
      {isLabelled ? (
        <text x={x + width / 2} y={HEIGHT + 15} textAnchor="middle">
          {dayOf(startsAt)}
        </text>
      ) : null}
    </g>
  );
}
