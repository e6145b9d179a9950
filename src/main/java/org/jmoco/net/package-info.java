/**
 * Files over HTTP. In: an address and, where one is known, a checksum. Out: a whole file under its name, or a part that a later
 * try goes on with. Read {@link org.jmoco.net.Download}, the only class.
 */
package org.jmoco.net;
