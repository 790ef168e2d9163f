package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rule for what lies below extents is broken once, and verification says so. */
class StoreCheckTest {
    /** A store of one disk, with an extent, a few facts, and a log of which the end is not stable yet. */
    private record Broken(SimDisk disk, ExtentStore store, String extent, String log) {
        /** The slot that is written to. */
        String manifest() throws IOException {
            for (int slot = 0; slot < 2; slot++) {
                ManifestSlot read = ManifestSlot.read(disk, store.id(), store.disk(0).id, slot);
                if (read != null && read.newest.equals(store.manifestPosition())) {
                    return ManifestSlot.fileName(slot);
                }
            }
            throw new AssertionError("no slot has " + store.manifestPosition());
        }

        ByteBuffer contents(String name) throws IOException {
            return ByteBuffer.wrap(disk.contents(name));
        }

        void replace(String name, ByteBuffer contents) throws IOException {
            byte[] bytes = new byte[contents.capacity()];
            contents.get(0, bytes);
            disk.replaceContents(name, bytes);
        }

        /** Where the first copy of the manifest's last record begins, which is short. */
        int lastRecord() throws IOException {
            ByteBuffer file = contents(manifest());
            int last = 0;
            for (int at = FileHeader.BYTES; at < file.limit(); at += ManifestSlot.ALIGNMENT) {
                last = file.getInt(at) == ManifestSlot.MAGIC ? at : last;
            }
            return last - ManifestSlot.ALIGNMENT;
        }

        /** Writes another body into the last record, in both copies. */
        void forgeLastRecord(ManifestEdit edit) throws IOException {
            int at = lastRecord();
            ByteBuffer file = contents(manifest());
            file.position(at)
                    .put(ManifestSlot.record(
                            store.id(),
                            store.manifestPosition(),
                            ManifestSlot.KIND_EDIT,
                            0,
                            edit.items().toBytes(),
                            at));
            replace(manifest(), file);
        }

        /** Writes a field into the header of a file, and its checksum. */
        void forgeHeader(String name, int at, long value) throws IOException {
            ByteBuffer file = contents(name);
            FileHeader.seal(file.slice(0, FileHeader.BYTES).putLong(at, value));
            replace(name, file);
        }

        /** Writes a byte into the body of a group of the log, and the group's checksum. */
        void forgeGroup(int number, int bodyAt, byte value) throws IOException {
            ByteBuffer file = contents(log);
            int at = LogFormat.FIRST_AT;
            for (int group = 0; group < number; group++) {
                at += LogFormat.BODY_AT + file.getInt(at + LogFormat.LENGTH_AT);
            }
            long segment = file.getLong(LogFormat.SEGMENT_AT);
            assertTrue(LogFormat.soundBody(new Checksums(), segment, file, at) > 0, "no group " + number);
            file.put(at + LogFormat.BODY_AT + bodyAt, value);
            file.putInt(at + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), segment, at, file, at));
            replace(log, file);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatBreaksARuleIsReported(StoreRule rule) {
        inAStore(broken -> {
            String hint = breakIt(rule, broken);
            // With these for values, the text is what it is with others.
            String says = rule.says(7, 7).replace("7", "\u0000");
            Pattern pattern = Pattern.compile(Pattern.quote(says).replace("\u0000", "\\E.*\\Q"), Pattern.DOTALL);
            List<StoreCheck.Problem> problems = broken.store.check().problems();
            assertTrue(
                    problems.stream()
                            .anyMatch(problem -> pattern.matcher(problem.what()).matches()
                                    && problem.toString().contains(hint)),
                    problems.toString());
        });
    }

    @Test
    void aFileOfTheLogThatIsOfAnotherSegmentIsReported() {
        inAStore(broken -> {
            broken.forgeHeader(broken.log, LogFormat.SEGMENT_AT, 77);
            List<StoreCheck.Problem> problems = broken.store.check().problems();
            assertEquals(
                    List.of(new StoreCheck.Problem("disk 0 (/d0)/" + broken.log, StoreRule.FILE_OURS.says())),
                    problems);
        });
    }

    @Test
    void whatIsBeingWrittenOrStillReadIsNoFileOfNoExtent() {
        inAStore(broken -> {
            ExtentStore store = broken.store;
            assertEquals(List.of(), store.check().problems());
            ExtentWriter writing = write(store);
            ExtentWriter.Written written = write(store).finish();
            store.commit(new ManifestEdit().add(written));
            Extent dropped = store.extent(written.id());
            store.commit(new ManifestEdit().drop(written.id()));
            assertEquals(List.of(), store.check().problems());
            assertTrue(broken.disk.names().contains(ExtentInfo.fileName(written.id(), 0, 0)));
            store.free(dropped);
            writing.abandon();
            assertEquals(List.of(), store.check().problems());
        });
    }

    /** Breaks a rule; returns what is said besides its text. A rule for which there is nothing here does not compile. */
    private static String breakIt(StoreRule rule, Broken broken) throws IOException {
        SimDisk disk = broken.disk;
        return switch (rule) {
            case FILE_THERE -> {
                disk.delete(broken.extent);
                yield broken.extent;
            }
            case FILE_HEADER -> {
                disk.flipBit(broken.extent, 8L * 4000);
                yield "crc at byte 12";
            }
            case FILE_OURS -> {
                broken.forgeHeader(broken.extent, FileHeader.DISK_AT, 1);
                yield broken.extent;
            }
            case FILE_LENGTH -> {
                disk.resize(broken.extent, disk.contents(broken.extent).length + 4096);
                yield broken.extent;
            }
            case FILE_NAMED -> {
                String foreign = ExtentInfo.fileName(999, 0, 0);
                disk.create(foreign, Directory.Access.BUFFERED).close();
                yield foreign;
            }
            case MANIFEST_SOUND -> {
                disk.flipBit(broken.manifest(), 8L * 4000);
                yield "crc at byte 12";
            }
            case MANIFEST_TWICE -> {
                disk.flipBit(broken.manifest(), 8L * (broken.lastRecord() + ManifestSlot.ALIGNMENT + 20));
                yield "at " + broken.lastRecord();
            }
            case MANIFEST_NEWEST -> {
                disk.zero(broken.manifest(), broken.lastRecord(), 2 * ManifestSlot.ALIGNMENT);
                yield "/d0";
            }
            case MANIFEST_AGREES -> {
                broken.forgeLastRecord(new ManifestEdit().copies(2));
                yield "2 copies, members";
            }
            case LOG_GROUPS -> {
                disk.flipBit(broken.log, 8L * (LogFormat.FIRST_AT + LogFormat.START_BYTES + 20));
                yield broken.log;
            }
            case LOG_STARTS -> {
                broken.forgeGroup(1, 0, (byte) LogFormat.START);
                yield broken.log;
            }
            case LOG_BASE -> {
                broken.forgeGroup(0, 1, (byte) 1);
                yield broken.log;
            }
            case LOG_MARKS -> {
                // The last group is not stable: that it says it stood at its own begin when that was stable.
                broken.forgeGroup(5, 1, (byte) 0);
                yield broken.log;
            }
        };
    }

    private interface Use {
        void of(Broken broken) throws IOException;
    }

    private static void inAStore(Use use) {
        SimWorld world = new SimWorld(1);
        StoreModel model = new StoreModel();
        assertTrue(world.run(() -> {
            StoreModel.Session session =
                    model.open(StoreModel.config(world, StoreModel.disks(1), 1, 64 << 10, false), world.environment());
            ExtentStore store = session.store();
            ExtentWriter.Written written = write(store).finish();
            session.edit(1, "one", new ManifestEdit().add(written), 0);
            for (int n = 0; n < 3; n++) {
                session.force(session.append(30));
            }
            session.edit(2, "two");
            session.append(30);
            session.append(30);
            SimDisk disk = world.disk("d0");
            String log = disk.names().stream()
                    .filter(name -> name.startsWith("log-"))
                    .findFirst()
                    .orElseThrow();
            assertEquals(List.of(), store.check().problems());
            use.of(new Broken(disk, store, ExtentInfo.fileName(written.id(), 0, 0), log));
        }));
    }

    private static ExtentWriter write(ExtentStore store) {
        ExtentWriter writer = store.create(4096, 0);
        writer.append(BlockType.DATA, Codec.RAW, new byte[5000], 5000);
        return writer;
    }
}
