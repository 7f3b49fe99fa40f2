/** The rigs `bit-flips.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
