/**
 * A world in which stores are tested: everything follows from a seed, and the power can be cut at every call.
 *
 * <p><b>Start at</b> {@link io.donjon.extents.sim.PowerCuts}, which runs a history with the power cut at each of its
 * calls, and {@link io.donjon.extents.sim.SimWorld}, which is what such a history runs in.
 *
 * <ul>
 *   <li>{@link io.donjon.extents.sim.SimEnvironment}: who runs next, what the clocks say, how the dice fall.
 *   <li>{@link io.donjon.extents.sim.SimDisk}: a medium that loses what was not made stable, as
 *       {@link io.donjon.extents.sim.Survival} says, and fails as {@link io.donjon.extents.sim.Fault} says.
 *   <li>{@link io.donjon.extents.sim.SimPower}: what all disks of a world hang on.
 *   <li>{@link io.donjon.extents.sim.DirectoryContract}: what real and simulated directories have in common.
 * </ul>
 *
 * <p>Nothing here knows what is stored. Published as the test-jar of the module, for the tests of all others.
 */
@NullMarked
package io.donjon.extents.sim;

import org.jspecify.annotations.NullMarked;
