/**
 * Git repositories made from a seed, to import and to compare with git's own answers.
 *
 * <p><b>Start at</b> {@link io.donjon.perf.git.RepositoryGenerator}. Nothing here knows Donjon.
 */
@NullMarked
package io.donjon.perf.git;

import org.jspecify.annotations.NullMarked;
