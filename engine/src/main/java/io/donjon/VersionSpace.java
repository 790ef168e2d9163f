package io.donjon;

/**
 * What a version takes on disk, one copy counted, estimated from samples of the keys: of what is in some thousand
 * breakpoints commonly within 10 %. Keys, values and what goes with them count as bytes of the arrays that hold them; what a
 * version reads and no other does is its own, however old it is.
 *
 * @param version the version
 * @param exclusive bytes that this version alone can read
 * @param shared bytes that it reads and others do, too
 * @param freed bytes that dropping it would give back: more than the exclusive ones where something is twice there without
 *     them, and less where others need the same values
 */
public record VersionSpace(Version version, long exclusive, long shared, long freed) {}
