import { about, type Finding } from "./finding.ts";

/** Seconds: half of what a request's freshness leaves (PROTOCOL.md §1). AWS tells the time to the second. */
const TOLERATED = 30;

/** Whether this machine's clock agrees with AWS's; both in milliseconds. */
export function checkClock(here: number, there: number | undefined): readonly Finding[] {
  const subject = about("clock");
  if (there === undefined) return [subject.unseen("the answer carried no date")];
  const seconds = Math.round((here - there) / 1000);
  const size = Math.abs(seconds);
  return [
    size > TOLERATED
      ? subject.problem(
          `this machine is ${size} s ${seconds > 0 ? "ahead of" : "behind"} AWS: requests signed here are refused as stale beyond 60 s`,
          "set the clock (NTP)",
        )
      : subject.ok("agrees with AWS"),
  ];
}
