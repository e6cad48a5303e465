/**
 * A run's artifacts: figures shown in place, files to save. The bytes are fetched with the user's own rights.
 */
import { downloadIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { fileName, formatBytes } from '../model/format';
import type { IArtifact } from '../wire';
import { usePanel } from './context';

interface IProps {
  notebook: string;
  runId: string;
  artifact: IArtifact;
}

/** A picture. An `<img>` runs no scripts, whatever the bytes are. */
export function Figure(props: IProps): ReactElement {
  const { model, trans } = usePanel();
  const { notebook, runId, artifact } = props;
  const { digest } = artifact;
  const [url, setUrl] = useState('');
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let made = '';
    let wanted = true;
    model.source.getArtifact(notebook, runId, digest).then(
      blob => {
        if (wanted) {
          made = URL.createObjectURL(blob);
          setUrl(made);
        }
      },
      () => setFailed(true)
    );
    return () => {
      wanted = false;
      URL.revokeObjectURL(made);
    };
  }, [model, notebook, runId, digest]);
  return (
    <figure className="mlops-figure">
      {url ? <img src={url} alt={artifact.name} onError={() => setFailed(true)} /> : null}
      {failed ? (
        <div className="mlops-quiet">{trans.__('This figure cannot be shown.')}</div>
      ) : null}
      <figcaption title={artifact.name}>{fileName(artifact.name)}</figcaption>
    </figure>
  );
}

export function FileRow(props: IProps): ReactElement {
  const { model, trans } = usePanel();
  const { artifact } = props;
  const label = trans.__('Download %1', artifact.name);
  const save = async (): Promise<void> => {
    const blob = await model.source.getArtifact(props.notebook, props.runId, artifact.digest);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = fileName(artifact.name);
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="mlops-line">
      <span className="mlops-grow mlops-cut" title={artifact.name}>
        {artifact.name}
      </span>
      <span className="mlops-quiet">{formatBytes(artifact.size_bytes)}</span>
      <button
        className="mlops-iconButton"
        title={label}
        aria-label={label}
        onClick={() => {
          save().catch(() => undefined); // the panel's own poll tells when the server is away
        }}
      >
        <downloadIcon.react tag="span" width="14px" height="14px" />
      </button>
    </div>
  );
}
