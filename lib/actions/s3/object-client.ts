import type { S3Client } from "@aws-sdk/client-s3";
import { type ClientSettings, type clientOptions, readingClient } from "../client-settings.ts";

export const loadS3 = () => import("./sdk.ts");

/**
 * Nothing of the SDK's own choice: no redirect to another region, no ARN or access point in place of
 * a bucket's name, one checksum, ours. Path style where an endpoint is given, which has no name per
 * bucket.
 */
export const optionsOf = (options: ReturnType<typeof clientOptions>) => ({
  ...options,
  forcePathStyle: options.endpoint !== undefined,
  followRegionRedirects: false,
  useArnRegion: false,
  disableMultiregionAccessPoints: true,
  disableS3ExpressSessionAuth: true,
  requestChecksumCalculation: "WHEN_REQUIRED" as const,
  responseChecksumValidation: "WHEN_REQUIRED" as const,
});

/** The client by which the reader role looks at objects. */
export async function objectReader(settings: ClientSettings): Promise<S3Client> {
  const { S3Client } = await loadS3();
  return readingClient("s3", settings, (options) => new S3Client(optionsOf(options)));
}
