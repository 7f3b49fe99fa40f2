/** The rigs `migration.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
