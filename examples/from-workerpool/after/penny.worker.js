import { serve } from 'penny-runtime/worker';
import * as tasks from './tasks.js';

serve(tasks);
