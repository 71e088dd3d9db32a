import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'

/** What a finished process said. */
export interface Finished {
  code: number | null
  output: string
}

/** Runs a program to its end and gathers what it prints. */
export function run(
  program: string,
  args: string[],
  options: SpawnOptions = {}
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Resolves when the process has ended; true when it did within the time given. */
export function waitForExit(child: ChildProcess, milliseconds: number): Promise<boolean> {
  if (hasExited(child)) {
    return Promise.resolve(true)
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.off('exit', done)
      resolve(false)
    }, milliseconds)
    const done = () => {
      clearTimeout(timer)
      resolve(true)
    }
    child.once('exit', done)
  })
}

/** Asks a process to end with a signal, and ends it the hard way when it has not by then. */
export async function stopProcess(
  child: ChildProcess,
  signal: NodeJS.Signals,
  graceMilliseconds: number
): Promise<void> {
  if (hasExited(child)) {
    return
  }
  child.kill(signal)
  if (!(await waitForExit(child, graceMilliseconds))) {
    child.kill('SIGKILL')
    await waitForExit(child, graceMilliseconds)
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
