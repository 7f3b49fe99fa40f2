import { describePart } from './conformance.ts'

describePart(2)
