package io.donjon.perf.compare;

import io.donjon.Compression;

/**
 * What every engine of a comparison gets alike.
 *
 * @param memoryBytes the budget for buffers and caches
 * @param direct whether files are read and written past the operating system's page cache, so that the budget is real
 * @param compression how blocks are compressed, by engines that can
 */
record Setup(long memoryBytes, boolean direct, Compression compression) {}
