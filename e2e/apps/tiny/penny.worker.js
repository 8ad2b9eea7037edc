import { serve } from 'penny-runtime/worker';
import * as fork from './fork.js';
import * as tasks from './tasks.js';

serve({ ...tasks, ...fork });
