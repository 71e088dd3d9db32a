/**
 * Each file that is being flushed holds a thread of libuv until the disk has it, and the disk takes many at once for the
 * price of one: with the four threads that are usual, uploads wait for each other. To be imported before anything uses
 * the threads.
 */
process.env.UV_THREADPOOL_SIZE ||= '16'
