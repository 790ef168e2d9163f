/**
 * Bar charts, as SVG for documents and as text for terminals.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.plot.BarChart} or {@link io.donjon.perf.plot.TextBars}. Nothing here knows
 * what the numbers mean.
 */
@NullMarked
package io.donjon.perf.plot;

import org.jspecify.annotations.NullMarked;
