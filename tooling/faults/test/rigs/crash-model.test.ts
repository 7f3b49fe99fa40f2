/** The rigs `crash-model.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
