package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the calling thread does where the JDK hands its transfer to another one; the rest is in the contract. */
class SteadyChannelTest {
    @Test
    void anInterruptDoesNotEndTheWaitForATransferAndIsNotLost() throws Exception {
        CompletableFuture<Integer> transfer = new CompletableFuture<>();
        Thread waiter = Thread.currentThread();
        Thread other = new Thread(() -> {
            // The flag is gone as soon as the waiter has felt it.
            while (waiter.isInterrupted()) {
                Thread.onSpinWait();
            }
            transfer.complete(17);
        });
        Thread.currentThread().interrupt();
        other.start();
        assertEquals(17, SteadyChannel.await(transfer));
        assertTrue(Thread.interrupted());
        other.join();
    }

    @Test
    void theErrorOfATransferIsThrownAsItIs() {
        IOException planted = new IOException("planted");
        assertSame(
                planted,
                assertThrows(IOException.class, () -> SteadyChannel.await(CompletableFuture.failedFuture(planted))));
        assertFalse(Thread.interrupted());
    }
}
