/**
 * Engines raced over the same data under the same rules, and the report of it.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.compare.Compare}. {@code Engine} is what a rival must do, {@code Workload}
 * what is asked of it, {@code Dataset} the data, {@link io.donjon.perf.compare.Row} what was measured.
 *
 * <ul>
 *   <li>A new rival is an {@code Engine} and a line in {@code Engines}; a new workload is a line in {@code Workloads}.
 *       Neither needs to know the other, nor how results are shown.
 *   <li>Every value that is read is compared with what it must be: a wrong or missing one ends the run.
 *   <li>One client thread; engines may have background threads of their own.
 * </ul>
 */
@NullMarked
package io.donjon.perf.compare;

import org.jspecify.annotations.NullMarked;
