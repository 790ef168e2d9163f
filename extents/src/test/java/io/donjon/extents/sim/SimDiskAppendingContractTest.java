package io.donjon.extents.sim;

import io.donjon.extents.Directory;

class SimDiskAppendingContractTest extends DirectoryContract {
    SimDiskAppendingContractTest() {
        super(Directory.Access.APPENDING);
    }

    @Override
    protected Directory newDirectory() {
        return new SimDisk("/disk", new SimPower(1));
    }
}
