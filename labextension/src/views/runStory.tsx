/**
 * Sections of a run's page: what it printed and drew, the code that ran, and where it ran.
 */
import type { ReactElement } from 'react';
import { FileRow, Figure } from '../components/artifact';
import { usePanel } from '../components/context';
import { Facts, Section, TextBlock } from '../components/section';
import type { IFact } from '../components/section';
import { formatBytes, formatDuration } from '../model/format';
import type { IArtifact, IRun, IRunDetails } from '../wire';

interface IArtifacts {
  notebook: string;
  runId: string;
  artifacts: IArtifact[];
}

export function Figures(props: IArtifacts): ReactElement | null {
  const { trans } = usePanel();
  const figures = props.artifacts.filter(artifact => artifact.role === 'figure');
  return figures.length === 0 ? null : (
    <Section title={trans.__('Figures')} count={figures.length}>
      {figures.map(artifact => (
        <Figure
          key={artifact.name}
          artifact={artifact}
          notebook={props.notebook}
          runId={props.runId}
        />
      ))}
    </Section>
  );
}

export function Files(props: IArtifacts): ReactElement | null {
  const { trans } = usePanel();
  const files = props.artifacts.filter(artifact => artifact.role !== 'figure');
  return files.length === 0 ? null : (
    <Section title={trans.__('Files')} count={files.length}>
      {files.map(artifact => (
        <FileRow
          key={artifact.name}
          artifact={artifact}
          notebook={props.notebook}
          runId={props.runId}
        />
      ))}
    </Section>
  );
}

export function Output(props: { details: IRunDetails }): ReactElement | null {
  const { trans } = usePanel();
  const { output } = props.details;
  if (!output?.text) {
    return null;
  }
  return (
    <Section title={trans.__('Output')}>
      {output.dropped ? (
        <p className="mlops-hint">
          {trans.__('The last part; %1 characters came before.', output.dropped.toLocaleString())}
        </p>
      ) : null}
      <TextBlock text={output.text} label={trans.__('Output')} fromEnd />
    </Section>
  );
}

export function Code(props: { details: IRunDetails }): ReactElement | null {
  const { trans } = usePanel();
  return props.details.source ? (
    <Section title={trans.__('Code')}>
      <TextBlock text={props.details.source} label={trans.__('Code')} />
    </Section>
  ) : null;
}

export function Environment(props: { run: IRun; details: IRunDetails }): ReactElement {
  const { trans } = usePanel();
  const packages = Object.entries(props.details.environment?.packages ?? {});
  const facts = [...useCodeFacts(props.details), ...useMachineFacts(props.run, props.details)];
  return (
    <>
      {facts.length > 0 ? (
        <Section title={trans.__('Environment')}>
          <Facts facts={facts} />
        </Section>
      ) : null}
      {packages.length > 0 ? (
        <Section title={trans.__('Packages')} count={packages.length} closed>
          <Facts facts={packages.map(([key, value]) => ({ key, value, code: true }))} />
        </Section>
      ) : null}
    </>
  );
}

/** What could not be recorded, and why. */
export function Faults(props: { details: IRunDetails }): ReactElement | null {
  const { trans } = usePanel();
  const { faults } = props.details;
  const isFirst = (where: string, at: number): boolean =>
    faults.findIndex(fault => fault.where === where) === at;
  return faults.length > 0 ? (
    <Section title={trans.__('Not recorded')} count={faults.length}>
      <Facts
        facts={faults.map(({ where, message }, at) => ({
          key: isFirst(where, at) ? where : `${where} ${at}`,
          value: message,
          title: message
        }))}
      />
    </Section>
  ) : null;
}

function useCodeFacts(details: IRunDetails): IFact[] {
  const { trans } = usePanel();
  const code = details.environment?.code;
  if (!code) {
    return [];
  }
  const state = { true: trans.__('changed'), false: trans.__('clean'), null: '' };
  const dirty = state[`${code.dirty ?? null}`];
  const commit = (
    <>
      <span className="mlops-code">{code.commit.slice(0, 10)}</span>
      {dirty ? <span className="mlops-quiet"> {dirty}</span> : null}
    </>
  );
  return [
    { key: trans.__('Commit'), value: commit, title: code.commit },
    ...known([trans.__('Branch'), code.branch], [trans.__('Remote'), code.remote])
  ];
}

function useMachineFacts(run: IRun, details: IRunDetails): IFact[] {
  const { trans } = usePanel();
  const { environment, resources, host } = details;
  const peak = resources?.peak_memory_bytes;
  return known(
    [trans.__('Python'), environment?.python],
    [trans.__('Platform'), environment?.platform],
    [trans.__('CPU time'), resources ? formatDuration(resources.cpu_s) : ''],
    [trans.__('Peak memory'), peak ? formatBytes(peak) : ''],
    [trans.__('User'), run.user || host?.user],
    [trans.__('Host'), host ? `${host.name} · ${trans.__('process %1', host.pid)}` : '']
  );
}

/** Facts of those pairs that have a value. */
function known(...pairs: [string, string | undefined | null][]): IFact[] {
  return pairs.flatMap(([key, value]) => (value ? [{ key, value, title: value }] : []));
}
