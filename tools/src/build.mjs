/** `npm run build`: sets up what is missing, then builds what is stale. */
import { setUp } from './bootstrap.mjs';

setUp();
