// @ts-check

/**
 * Whoever reads the output may go before all of it is written, as `head` does. That is their choice and no fault: the rest
 * is dropped, and the exit code stays what the command gives. Any other error of the stream is one.
 * @param {NodeJS.WritableStream} stream
 */
export function outliveReader(stream) {
  stream.on("error", (error) => {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPIPE") throw error;
  });
}
