#!/usr/bin/env node
import { serve } from '@troupe/runtime';

await serve('scheduler');
