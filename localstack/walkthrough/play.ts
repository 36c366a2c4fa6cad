import { clientsFor } from "../deploy/clients.ts";
import type { LocalAws } from "../local-aws.ts";
import { shownPath } from "../machine/paths.ts";
import type { Place, Renderer } from "./render.ts";
import { type Report, reportOf, type StepResult } from "./report.ts";
import { approvedScene } from "./scene-approved.ts";
import { attenuationScene } from "./scene-attenuation.ts";
import { branchScene } from "./scene-branch.ts";
import { bypassScene } from "./scene-bypass.ts";
import { clientScene } from "./scene-client.ts";
import { emergencyScene } from "./scene-emergency.ts";
import { endScene } from "./scene-ends.ts";
import { evidenceScene } from "./scene-evidence.ts";
import { handleScene } from "./scene-handle.ts";
import { interceptionScene } from "./scene-interception.ts";
import { jobScene } from "./scene-job.ts";
import { observedScene } from "./scene-observed.ts";
import { peopleScene } from "./scene-people.ts";
import { refusalScene } from "./scene-refusals.ts";
import { replayScene } from "./scene-replay.ts";
import { rollbackScene } from "./scene-rollback.ts";
import { sessionScene } from "./scene-session.ts";
import { statusScene } from "./scene-status.ts";
import { contractScene, trustScene } from "./scene-trust.ts";
import { windowScene } from "./scene-window.ts";
import { type PlayStage, type Scene, StepFailed, stepRunner } from "./stage.ts";
import { vaiIn } from "./vai.ts";

/** In the order in which they are played. */
export const SCENES: readonly Scene[] = [
  ...[trustScene, contractScene, jobScene, refusalScene, replayScene],
  ...[handleScene, observedScene, bypassScene, sessionScene, clientScene, windowScene],
  ...[interceptionScene, attenuationScene, branchScene, peopleScene, approvedScene],
  ...[rollbackScene, emergencyScene, endScene, statusScene, evidenceScene],
];

/** Where and for whom the scenes are played. */
export interface Playing {
  readonly up: LocalAws;
  /** Absolute path of an empty folder. */
  readonly work: string;
  readonly renderer: Renderer;
  readonly signal: AbortSignal;
}

/**
 * Plays all scenes in order. A step that ends otherwise than expected is counted and the next is
 * played; one that cannot be run at all ends the walkthrough, because what follows builds on it.
 */
export async function play({ up, work, renderer, signal }: Playing): Promise<Report> {
  const { outputs, endpoint } = up;
  const results: StepResult[] = [];
  const isEnforced = up.gaps.length === 0;
  const stage: PlayStage = {
    ...{ outputs, outputsFile: up.outputsFile, work, signal, isEnforced },
    vai: vaiIn({ work, outputsFile: up.outputsFile, signal }),
    as: (user) => clientsFor({ endpoint, credentials: outputs.credentials[user] }),
    step: stepRunner({ renderer, results, signal, isEnforced, clock: Date.now }),
  };
  const place: Place = { endpoint, work: shownPath(work), anchor: outputs.anchor };
  renderer.begin(place);
  const stoppedBy = await playScenes(stage, renderer);
  const report = reportOf(results, stoppedBy);
  renderer.end(report, place);
  return report;
}

async function playScenes(stage: PlayStage, renderer: Renderer): Promise<string | undefined> {
  try {
    for (const [index, { title, headline, play }] of SCENES.entries()) {
      renderer.section(index + 1, title, headline);
      await play(stage);
    }
    return undefined;
  } catch (error) {
    if (stage.signal.aborted || !(error instanceof StepFailed)) throw error;
    return error.message;
  }
}
