/** The rigs `power-cut.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
