/** `npm run build`: sets up what is missing, then builds what is stale. */
import { checkNode, ensureBuilt, ensureInstalled } from './bootstrap.mjs';

checkNode();
ensureInstalled();
ensureBuilt();
