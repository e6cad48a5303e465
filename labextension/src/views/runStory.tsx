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

export function Environment(props: { run: IRun; details: IRunDetails }): ReactElement | null {
  const { trans } = usePanel();
  const { environment, resources, host, faults } = props.details;
  const facts: IFact[] = [];
  const add = (key: string, value: string | undefined | null, code = false): void => {
    if (value) {
      facts.push({ key, value, title: value, code });
    }
  };
  const code = environment?.code;
  if (code) {
    const state = { true: trans.__('changed'), false: trans.__('clean'), null: '' };
    const dirty = state[`${code.dirty ?? null}`];
    facts.push({
      key: trans.__('Commit'),
      value: (
        <>
          <span className="mlops-code">{code.commit.slice(0, 10)}</span>
          {dirty ? <span className="mlops-quiet"> {dirty}</span> : null}
        </>
      ),
      title: code.commit
    });
    add(trans.__('Branch'), code.branch);
    add(trans.__('Remote'), code.remote);
  }
  add(trans.__('Python'), environment?.python);
  add(trans.__('Platform'), environment?.platform);
  add(trans.__('CPU time'), resources ? formatDuration(resources.cpu_s) : '');
  const peak = resources?.peak_memory_bytes;
  add(trans.__('Peak memory'), peak ? formatBytes(peak) : '');
  add(trans.__('User'), props.run.user || host?.user);
  add(trans.__('Host'), host ? `${host.name} · ${trans.__('process %1', host.pid)}` : '');
  const packages = Object.entries(environment?.packages ?? {});
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
      {faults.length > 0 ? (
        <Section title={trans.__('Not recorded')} count={faults.length}>
          <Facts
            facts={faults.map((fault, at) => ({
              key:
                faults.findIndex(other => other.where === fault.where) === at
                  ? fault.where
                  : `${fault.where} ${at}`,
              value: fault.message,
              title: fault.message
            }))}
          />
        </Section>
      ) : null}
    </>
  );
}
