import type { Scene } from './scene.ts';
import { APP_SCENES } from './scenes-app.ts';
import { ENGINE_SCENES } from './scenes-engine.ts';
import { PROMOTION_SCENES } from './scenes-promotions.ts';
import { TRAINING_SCENES } from './scenes-training.ts';

/** Every state that people meet, in the order of docs/slack.md. Each is checked against Slack's rules. */
export const SCENES: readonly Scene[] = [...PROMOTION_SCENES, ...TRAINING_SCENES, ...ENGINE_SCENES, ...APP_SCENES];
