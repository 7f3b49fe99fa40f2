/** The rigs `log-tampering.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
