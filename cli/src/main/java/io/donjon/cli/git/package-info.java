/**
 * Git repositories in a store: every commit a snapshot, every branch a clone.
 *
 * <p><b>Start at</b> {@link io.donjon.cli.git.GitImport}, which says what a repository becomes; {@link
 * io.donjon.cli.git.GitFormat} says how a file stands in a record, {@link io.donjon.cli.git.GitCheck} compares a store
 * with its repository.
 *
 * <ul>
 *   <li>Repositories are only read, and nothing of the user's or the system's git configuration counts.
 *   <li>A snapshot with a commit's name exists only once its content is complete.
 *   <li>Nothing here knows more of the store than its public API.
 * </ul>
 */
@NullMarked
package io.donjon.cli.git;

import org.jspecify.annotations.NullMarked;
