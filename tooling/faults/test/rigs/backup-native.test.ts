/** The rigs `backup-native.*`, in their short form. */

import { testFamily } from '../short-form.ts'

testFamily(import.meta.url)
