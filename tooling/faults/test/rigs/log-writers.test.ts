/** The rigs `log-writers.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
