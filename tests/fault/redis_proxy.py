#!/usr/bin/env python3
"""redis_proxy.py PORT UPSTREAM: a TCP proxy on 127.0.0.1:PORT for one Redis at 127.0.0.1:UPSTREAM that can be told to
misbehave. Orders are lines on stdin; each takes effect at once, also on connections that stand:

    pass            hands over everything as it comes
    slow MS         every answer comes so much later
    drip BYTES      so many bytes of an answer a second
    hole            swallows questions and answers
    reset           the next answers break off in the middle with a reset
    garbage         answers are bytes that are no protocol
    to PORT         the server is another one from now on: what stands is cut (a failover)
    cut             what stands is cut once
"""
import asyncio
import socket
import struct
import sys

CHUNK = 65536


class Proxy:
    def __init__(self, upstream):
        self.upstream = upstream
        self.mode = "pass"
        self.amount = 0
        self.writers = set()

    def order(self, words):
        name = words[0]
        if name == "to":
            self.upstream = int(words[1])
        if name in ("to", "cut"):
            self.cut()
        else:
            self.mode = name
            self.amount = int(words[1]) if len(words) > 1 else 0

    def cut(self):
        for writer in list(self.writers):
            writer.transport.abort()

    async def serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, up_writer)
        self.writers.update(pair)
        tasks = [asyncio.create_task(self.questions(reader, up_writer)),
                 asyncio.create_task(self.answers(up_reader, writer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.writers.difference_update(pair)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in pair:
                each.transport.abort()

    async def questions(self, reader, up_writer):
        while data := await reader.read(CHUNK):
            if self.mode != "hole":
                up_writer.write(data)
                await up_writer.drain()

    async def answers(self, up_reader, writer):
        while data := await up_reader.read(CHUNK):
            if self.mode == "hole":
                continue
            if self.mode == "slow":
                await asyncio.sleep(self.amount / 1000)
            elif self.mode == "garbage":
                data = bytes((b * 7 + 13) % 256 for b in data)
            elif self.mode == "reset":
                writer.write(data[: len(data) // 2])
                await writer.drain()
                # With linger 0 a close is a reset.
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            while self.mode == "drip" and data:
                writer.write(data[: self.amount])
                data = data[self.amount:]
                await writer.drain()
                await asyncio.sleep(1)
            writer.write(data)
            await writer.drain()


async def main():
    port, upstream = int(sys.argv[1]), int(sys.argv[2])
    proxy = Proxy(upstream)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        proxy.order(line.decode().split())
        print("done", flush=True)
    server.close()
    proxy.cut()


asyncio.run(main())
