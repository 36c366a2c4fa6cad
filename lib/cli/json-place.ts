const SPACE = /[ \t\n\r]*/y;
/** As much of a string as is good. */
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

type Wanted = "value" | "value or ]" | "name" | "name or }" | ":" | "after";

const WORDS: Readonly<Record<Wanted, string>> = {
  value: "a value",
  "value or ]": "a value or ]",
  name: "a member's name in double quotes",
  "name or }": "a member's name in double quotes, or }",
  ":": "a colon",
  after: "a comma or the closing bracket",
};

/**
 * Where a text stops being JSON (RFC 8259), as line, column and what should stand there. Nothing of the text is quoted:
 * it may be a private key's.
 */
export function jsonProblem(text: string): string {
  const scanner = new Scanner(text);
  const what = scanner.scan();
  const before = text.slice(0, scanner.at).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `line ${before.length}, column ${column}: ${what}`;
}

class Scanner {
  at = 0;
  readonly #text: string;
  /** Closing brackets of what is open, the innermost last. */
  readonly #open: string[] = [];
  #wanted: Wanted = "value";

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes to the first place that is wrong. @returns what is wrong there. */
  scan(): string {
    for (;;) {
      this.#take(SPACE);
      const isWhole = this.#wanted === "after" && this.#open.length === 0;
      if (isWhole) return "nothing may follow the value";
      if (this.at >= this.#text.length) return `the text ends where ${this.#words()} should stand`;
      const problem = this.#step(this.#text[this.at] ?? "");
      if (problem !== undefined) return problem;
    }
  }

  #step(char: string): string | undefined {
    switch (this.#wanted) {
      case "value":
      case "value or ]":
        return this.#value(char);
      case "name":
      case "name or }":
        if (char === "}" && this.#wanted === "name or }") return this.#close();
        return char === '"' ? this.#string(":") : this.#unexpected();
      case ":":
        return char === ":" ? this.#pass("value") : this.#unexpected();
      case "after":
        if (char === this.#open.at(-1)) return this.#close();
        if (char !== ",") return this.#unexpected();
        return this.#pass(this.#open.at(-1) === "}" ? "name" : "value");
    }
  }

  #value(char: string): string | undefined {
    if (char === "]" && this.#wanted === "value or ]") return this.#close();
    if (char === "{" || char === "[") {
      this.#open.push(char === "{" ? "}" : "]");
      return this.#pass(char === "{" ? "name or }" : "value or ]");
    }
    if (char === '"') return this.#string("after");
    if (!this.#take(SCALAR)) return this.#unexpected();
    this.#wanted = "after";
    return undefined;
  }

  #string(next: Wanted): string | undefined {
    this.#take(STRING);
    const char = this.#text[this.at];
    if (char === '"') return this.#pass(next);
    if (char === undefined) return "a string does not end";
    return char === "\\"
      ? 'an escape that JSON does not have: there are \\" \\\\ \\/ \\b \\f \\n \\r \\t, and \\u with four hexadecimal digits'
      : "a control character in a string: write \\n, \\t, or \\u with four hexadecimal digits";
  }

  #close(): undefined {
    this.#open.pop();
    return this.#pass("after");
  }

  #pass(next: Wanted): undefined {
    this.at += 1;
    this.#wanted = next;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    this.at += found?.length ?? 0;
    return found !== undefined;
  }

  #unexpected(): string {
    return `${this.#words()} should stand here`;
  }

  #words(): string {
    return WORDS[this.#wanted];
  }
}
