/**
 * The command line: arguments in, bytes and exit codes out.
 *
 * <p><b>Start at</b> {@link io.donjon.cli.Main}. Each command is a class with picocli's annotations; {@link
 * io.donjon.cli.StoreCommand} opens the store for those that need one, {@link io.donjon.cli.Terminal} is all that they
 * know of the world outside.
 *
 * <ul>
 *   <li>Keys and values are bytes; they become text only on the way to people and JSON.
 *   <li>Nothing here knows how the engine works: only the public API is used.
 * </ul>
 */
@NullMarked
package io.donjon.cli;

import org.jspecify.annotations.NullMarked;
