<?php
/**
 * The reading time of posts in a WordPress.
 *
 * @package Reading_Time
 */

use PHPUnit\Framework\TestCase;
use Reading_Time\Post;

final class PostTest extends TestCase {

	/**
	 * Posts that a test has made.
	 *
	 * @var list<int>
	 */
	private array $posts = array();

	protected function tearDown(): void {
		foreach ( $this->posts as $post ) {
			wp_delete_post( $post, true );
		}
		$this->posts = array();
		wp_reset_query();
	}

	/**
	 * Makes a post.
	 *
	 * @param int    $words  Words in it.
	 * @param string $status Status.
	 */
	private function post( int $words, string $status = 'publish' ): int {
		$post = wp_insert_post(
			array(
				'post_title'   => "Post of $words words",
				'post_content' => str_repeat( 'word ', $words ),
				'post_status'  => $status,
			),
			true
		);
		self::assertIsInt( $post );
		$this->posts[] = $post;
		return $post;
	}

	public function test_minutes_are_counted_once_and_kept(): void {
		$post = $this->post( 1000 );
		self::assertSame( '', get_post_meta( $post, Post::META, true ) );
		self::assertSame( 5, Post::minutes( $post ) );
		self::assertSame( '5', get_post_meta( $post, Post::META, true ) );
		update_post_meta( $post, Post::META, 9 );
		self::assertSame( 9, Post::minutes( $post ) );
	}

	public function test_a_change_makes_them_count_again(): void {
		$post = $this->post( 1000 );
		Post::minutes( $post );
		wp_update_post(
			array(
				'ID'           => $post,
				'post_content' => 'short',
			)
		);
		self::assertSame( 1, Post::minutes( $post ) );
	}

	public function test_many_posts_have_each_their_own(): void {
		foreach ( range( 1, 20 ) as $minutes ) {
			$post = $this->post( $minutes * 238 );
			self::assertSame( $minutes, Post::minutes( $post ) );
		}
		$kept = get_posts(
			array(
				'numberposts' => -1,
				'fields'      => 'ids',
				'meta_key'    => Post::META,
				'meta_value'  => '7',
				'include'     => $this->posts,
			)
		);
		self::assertSame( array( $this->posts[6] ), $kept );
	}

	public function test_the_shortcode_says_it_for_a_published_post(): void {
		$post = $this->post( 500 );
		self::assertSame( '<p class="reading-time">3 minutes to read</p>', do_shortcode( "[reading_time post=\"$post\"]" ) );
		self::assertSame( '<p class="reading-time">1 minute to read</p>', do_shortcode( '[reading_time post="' . $this->post( 5 ) . '"]' ) );
	}

	public function test_the_shortcode_says_nothing_of_drafts_and_of_what_is_not_there(): void {
		self::assertSame( '', do_shortcode( '[reading_time post="' . $this->post( 5, 'draft' ) . '"]' ) );
		self::assertSame( '', do_shortcode( '[reading_time post="999999999"]' ) );
		self::assertSame( '', do_shortcode( '[reading_time post="<script>"]' ) );
	}

	public function test_the_line_stands_above_a_single_post_and_nowhere_else(): void {
		$post = $this->post( 500 );
		query_posts( array( 'p' => $post ) );
		self::assertTrue( have_posts() );
		the_post();
		self::assertStringStartsWith( '<p class="reading-time">3 minutes to read</p>', apply_filters( 'the_content', get_the_content() ) );
		wp_reset_query();
		query_posts( array( 'posts_per_page' => 1 ) );
		the_post();
		self::assertStringNotContainsString( 'reading-time', apply_filters( 'the_content', get_the_content() ) );
	}
}
