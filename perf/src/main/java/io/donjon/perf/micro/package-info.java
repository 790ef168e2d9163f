/** Microbenchmarks of the public API, by JMH. */
@NullMarked
package io.donjon.perf.micro;

import org.jspecify.annotations.NullMarked;
