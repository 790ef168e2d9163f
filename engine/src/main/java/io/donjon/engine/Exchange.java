package io.donjon.engine;

import io.donjon.extents.Encoder;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Puts what merges write in the place of what they have read (design.md section 4): one edit for each piece names its
 * output and takes the keys of the piece away from the inputs, then readers see both. Thread-safe.
 */
final class Exchange {
    private final ExtentStore store;
    private final ManifestImage image;
    private final Installer installer;

    Exchange(ExtentStore store, ManifestImage image, Installer installer) {
        this.store = store;
        this.image = image;
        this.installer = installer;
    }

    /**
     * Installs a piece of the merge of a group; returns what is left to be merged.
     *
     * @param age of the group when its merge began
     * @param made is told of the output before any reader can see it
     */
    List<ArrayRun> install(List<ArrayRun> group, long age, Merge.Result result, Consumer<List<ArrayInfo>> made) {
        ManifestEdit edit = new ManifestEdit();
        Encoder part = new Encoder(256);
        List<ArrayInfo> added = new ArrayList<>();
        for (Merge.Output output : result.outputs()) {
            added.add(installer.add(
                    edit, output.written(), age, output.from(), output.to(), result.keysFrom(), result.keysTo()));
        }
        Map<ArrayRun, ArrayInfo> narrowed = new LinkedHashMap<>();
        List<ArrayRun> gone = new ArrayList<>();
        for (Merge.Left left : result.left()) {
            if (left.keysFrom() == null) {
                Installer.remove(edit, part, left.array().info());
                gone.add(left.array());
            } else {
                narrowed.put(left.array(), narrow(edit, left, left.keysFrom()));
            }
        }
        added.addAll(narrowed.values());
        added.forEach(info -> ManifestImage.array(part, info));
        edit.state(part);
        edit.effect(() -> {
            gone.forEach(array -> image.gone(array.id()));
            added.forEach(image::added);
        });
        store.commit(edit);
        made.accept(added.subList(0, result.outputs().size()));
        List<ArrayRun> rest = new ArrayList<>(group);
        installer.show(() -> {
            List<ArrayRun> opened = new ArrayList<>();
            for (int i = 0; i < result.outputs().size(); i++) {
                Merge.Output output = result.outputs().get(i);
                opened.add(installer.open(added.get(i), output.from(), output.to()));
            }
            rest.removeAll(gone);
            narrowed.forEach((array, info) -> {
                ArrayRun view = array.narrow(info);
                rest.set(rest.indexOf(array), view);
                opened.add(view);
            });
            installer.replace(null, arrays -> {
                arrays.removeAll(gone);
                arrays.removeAll(narrowed.keySet());
                arrays.addAll(opened);
            });
        });
        letGo(gone);
        letGo(narrowed.keySet());
        return rest;
    }

    /** Takes arrays away without anything in their place. */
    void takeAway(List<ArrayRun> dead) {
        ManifestEdit edit = new ManifestEdit();
        Encoder part = new Encoder(256);
        dead.forEach(array -> Installer.remove(edit, part, array.info()));
        edit.state(part);
        edit.effect(() -> dead.forEach(array -> image.gone(array.id())));
        store.commit(edit);
        installer.show(() -> installer.replace(null, arrays -> arrays.removeAll(dead)));
        letGo(dead);
    }

    /** Readers that began before keep what they need. */
    private static void letGo(Collection<ArrayRun> replaced) {
        for (ArrayRun array : replaced) {
            array.drop();
            array.release();
        }
    }

    /** Gives the front of an array's extents back, and its range a later beginning. */
    private static ArrayInfo narrow(ManifestEdit edit, Merge.Left left, byte[] keysFrom) {
        ArrayRun array = left.array();
        long bytes = array.info().bytes() - trim(edit, array.data(), left.data());
        if (array.values() != null) {
            bytes -= trim(edit, array.values(), left.values());
        }
        return array.info().narrowed(keysFrom, left.breakpoints(), bytes);
    }

    /** Gives back an extent up to an offset; returns how many bytes that are. */
    private static long trim(ManifestEdit edit, Extent extent, long offset) {
        long begin = Extent.chunkAt(offset);
        if (begin <= extent.begin()) {
            return 0;
        }
        edit.trim(extent.id(), offset);
        return begin - extent.begin();
    }
}
