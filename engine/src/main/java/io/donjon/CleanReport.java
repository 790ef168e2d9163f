package io.donjon;

/**
 * What {@link Store#clean} did. Sizes are in bytes, one copy counted.
 *
 * @param arraysBefore arrays at the beginning
 * @param bytesBefore what they took
 * @param arrays arrays at the end
 * @param bytes what they take
 * @param dropped arrays of which nothing could be read any more, and which were taken away unread
 * @param merges merges that were done
 */
public record CleanReport(int arraysBefore, long bytesBefore, int arrays, long bytes, long dropped, long merges) {}
