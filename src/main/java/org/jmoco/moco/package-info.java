/**
 * Level 5: momentum contrast. Flows in: two views of a batch. Flows out: the loss, and a query encoder that has learnt. Read
 * {@link org.jmoco.moco.MocoStep} first: it is the method in one page.
 */
package org.jmoco.moco;
