import { type FileHandle, open } from "node:fs/promises";

/** Characters that are gathered before they are written. */
const GATHERED = 64 * 1024;

/** A new file of lines, which only its owner can read. What cannot be written is thrown to whoever writes. */
export class LineFile {
  readonly #file: FileHandle;
  #text = "";

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Never over an existing file, nor through a link. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, "wx", 0o600));
  }

  /** One line each, whatever the table holds: a text with line breaks was not written by the plane. */
  async line(text: string): Promise<void> {
    this.#text += `${text.replace(/[\r\n]/g, " ")}\n`;
    if (this.#text.length >= GATHERED) await this.flush();
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    await this.#file.appendFile(text);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
