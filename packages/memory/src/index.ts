/** The memory backend. Backends built on its engine use the door `@coffer/memory/engine`. */

export type { MemoryOptions } from '@coffer/core/backend'
export { memory, memory as createBackend } from './memory.ts'
