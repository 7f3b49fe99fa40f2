import { describePart } from './conformance.ts'

describePart(1)
