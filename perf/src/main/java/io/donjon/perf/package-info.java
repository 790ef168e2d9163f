/**
 * Benchmarks: workloads, rivals and what is told of them.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.compare.Compare}, which races engines, and {@link
 * io.donjon.perf.git.RepositoryGenerator}, which makes git repositories to import.
 *
 * <ul>
 *   <li>Everything here sees Donjon through its public API; nothing knows the engine's insides.
 *   <li>Rivals are held to the same rules: the same data, budget, checks and clock.
 * </ul>
 */
@NullMarked
package io.donjon.perf;

import org.jspecify.annotations.NullMarked;
