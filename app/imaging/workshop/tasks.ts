import type { ImageFacts } from '../inspect.ts'
import type { MadeThumbnail } from '../thumbnail.ts'
import type { ProcessingTask } from '../processing/process_image.ts'
import type { WrittenFile } from '../rewrite_plan.ts'
import type { Lettering } from '../watermark/draw_text.ts'

/** What the workshop does, by name: what a task says, and what comes of it. */
export interface Tasks {
  /** Cleans an SVG, and draws it once to see that it can be drawn. */
  cleanSvg: {
    task: { source: string; target: string }
    /** What the target holds when there was something to take out; `null` when the source is as good. */
    result: { facts: ImageFacts; written: WrittenFile | null }
  }
  /** Decodes an image and writes it as planned; `null` when the source is better. */
  processImage: {
    task: ProcessingTask
    result: { facts: ImageFacts; written: WrittenFile } | null
  }
  /** Draws the thumbnail of a drawing, which nobody can tell beforehand what it costs. */
  drawThumbnail: {
    /** A path, or bytes. */
    task: { source: string | Uint8Array }
    result: Omit<MadeThumbnail, 'bytes'> & { bytes: Uint8Array }
  }
  /** Draws a text, as PNG. */
  drawText: {
    task: Lettering & { folder: string }
    result: Uint8Array
  }
}

export type TaskName = keyof Tasks
export type Task<Name extends TaskName> = Tasks[Name]['task']
export type Result<Name extends TaskName> = Tasks[Name]['result']

/** What a task may cost before it is ended. */
export interface Budget {
  /** Of all threads together. */
  cpuSeconds: number
  /** Of memory, more than the process had when it began. */
  bytes: number
  /** By the clock: for one that does nothing and does not end. */
  seconds: number
}

/** A task and what it may cost, as it is given to a process. */
export interface OrderOf<Name extends TaskName> {
  name: Name
  task: Task<Name>
  budget: Budget
}

export type Order = { [Name in TaskName]: OrderOf<Name> }[TaskName]

/** How a process of the workshop answers. */
export type Answer =
  { kind: 'done'; result: Result<TaskName> } | { kind: 'failed'; code: string; message: string }
